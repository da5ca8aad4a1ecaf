//! Consents: asked for, sent away, back once, settled once.

use tributary_store::{NewConsent, StoreError};

use crate::bed::{Bed, slug};

fn asked(id: &str, for_ms: i64) -> NewConsent {
    NewConsent {
        id: id.to_owned(),
        connection: slug("books"),
        asked_by: "acme.engineer".to_owned(),
        ticket: [7; 32],
        for_ms,
    }
}

pub(crate) async fn consents(bed: Bed) {
    let acme = &bed.acme;
    let until = acme.consent_ask(&asked("con_1", 60_000)).await.unwrap();
    let waiting = acme.consent("con_1").await.unwrap().unwrap();
    assert_eq!((waiting.expires_ms, waiting.expired), (until, false));
    assert_eq!(waiting.created_ms, until - 60_000);
    assert_eq!(
        (waiting.ticket, waiting.asked_by.as_str()),
        ([7; 32], "acme.engineer")
    );
    assert_eq!((waiting.opened, waiting.outcome), (None, None));

    assert!(
        !acme.consent_take("con_1", b"a").await.unwrap(),
        "was not sent away"
    );
    assert!(acme.consent_open("con_1", b"a").await.unwrap());
    assert!(
        acme.consent_open("con_1", b"b").await.unwrap(),
        "another window"
    );
    assert!(
        !acme.consent_take("con_1", b"a").await.unwrap(),
        "the first window is too late"
    );
    let races = [(); 8].map(|()| {
        let acme = acme.clone();
        tokio::spawn(async move { acme.consent_take("con_1", b"b").await.unwrap() })
    });
    let mut taken = 0;
    for race in races {
        taken += usize::from(race.await.unwrap());
    }
    assert_eq!(taken, 1);
    // whoever failed on the way may be sent away again, until there is an outcome
    assert!(acme.consent_open("con_1", b"c").await.unwrap());
    acme.consent_settle("con_1", "{\"state\":\"given\"}")
        .await
        .unwrap();
    acme.consent_settle("con_1", "{\"state\":\"refused\"}")
        .await
        .unwrap();
    assert!(!acme.consent_open("con_1", b"d").await.unwrap());
    assert!(!acme.consent_take("con_1", b"c").await.unwrap());
    let settled = acme.consent("con_1").await.unwrap().unwrap();
    assert_eq!(settled.outcome.as_deref(), Some("{\"state\":\"given\"}"));
    assert_eq!(settled.opened, None);

    acme.consent_ask(&asked("con_2", 60_000)).await.unwrap();
    acme.consent_open("con_2", b"x").await.unwrap();
    acme.consent_ask(&asked("con_3", -1)).await.unwrap();
    assert!(acme.consent("con_3").await.unwrap().unwrap().expired);
    assert!(!acme.consent_open("con_3", b"x").await.unwrap(), "too late");

    let globex = bed.add_tenant("globex").await;
    assert!(globex.consent("con_2").await.unwrap().is_none());
    assert!(!globex.consent_open("con_2", b"y").await.unwrap());
    assert!(!globex.consent_take("con_2", b"x").await.unwrap());
    globex.consent_settle("con_2", "{}").await.unwrap();
    assert_eq!(acme.consent("con_2").await.unwrap().unwrap().outcome, None);

    // a day after its end it is forgotten
    acme.consent_ask(&asked("con_4", -86_400_001))
        .await
        .unwrap();
    acme.consent_ask(&asked("con_5", 1)).await.unwrap();
    assert!(acme.consent("con_4").await.unwrap().is_none());
    assert!(acme.consent("con_3").await.unwrap().is_some());
    let nobody = bed.store.tenant(&slug("nobody"));
    let refused = nobody.consent_ask(&asked("con_1", 1)).await;
    assert!(
        matches!(refused, Err(StoreError::Dangling { .. })),
        "{refused:?}"
    );
}
