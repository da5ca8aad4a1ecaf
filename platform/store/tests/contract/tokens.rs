//! Tokens that the platform got by itself: one renews at a time, and a person's new secrets win.

use tributary_store::{NewConnection, PutOptions, PutOutcome, SealedSecrets};

use crate::bed::{Bed, slug};

const LONG_MS: i64 = 60_000;

pub(crate) async fn tokens(bed: Bed) {
    let erp = slug("erp");
    let put = async |secrets: Option<u8>| {
        let new = NewConnection {
            name: slug("erp"),
            content: "{\"u\":1}".to_owned(),
            secrets: secrets.map(|byte| SealedSecrets {
                sealed: vec![byte],
                fingerprint: [byte; 32],
            }),
        };
        let put = bed.acme.connection_put(&new, PutOptions::applied()).await;
        put.unwrap().outcome
    };
    let lease =
        async |holder: &str, for_ms| bed.acme.token_lease(&erp, holder, for_ms).await.unwrap();
    assert!(lease("a", LONG_MS).await.is_none(), "no connection");
    put(None).await;
    assert!(lease("a", LONG_MS).await.is_none(), "no secrets");
    put(Some(1)).await;

    let first = lease("a", LONG_MS).await.unwrap();
    assert_eq!(first.sealed, None);
    assert!(lease("b", LONG_MS).await.is_none(), "one at a time");
    assert!(lease("a", LONG_MS).await.is_some(), "the same again");
    assert!(bed.acme.token_release(&first, Some(b"t1")).await.unwrap());
    assert!(!bed.acme.token_release(&first, Some(b"t0")).await.unwrap());

    let second = lease("b", LONG_MS).await.unwrap();
    assert_eq!(second.sealed.as_deref(), Some(&b"t1"[..]));
    assert!(bed.acme.token_release(&second, None).await.unwrap());
    assert_eq!(put(Some(1)).await, PutOutcome::Unchanged);
    let third = lease("a", LONG_MS).await.unwrap();
    assert_eq!(third.sealed.as_deref(), Some(&b"t1"[..]), "None keeps them");

    // a person's new secrets: what came of the old ones goes, and is not written any more
    assert_eq!(put(Some(2)).await, PutOutcome::Updated);
    assert!(!bed.acme.token_release(&third, Some(b"old")).await.unwrap());
    let fourth = lease("b", 0).await.unwrap();
    assert_eq!(fourth.sealed, None);

    // the lease of one who died ends by the database's clock
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let fifth = lease("a", LONG_MS).await.unwrap();
    assert!(
        !bed.acme
            .token_release(&fourth, Some(b"late"))
            .await
            .unwrap()
    );
    assert!(bed.acme.token_release(&fifth, Some(b"t2")).await.unwrap());

    let globex = bed.add_tenant("globex").await;
    let foreign = globex.token_lease(&erp, "a", LONG_MS).await.unwrap();
    assert!(foreign.is_none(), "another tenant's name is no name");
}
