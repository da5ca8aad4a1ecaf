//! The vault as its users see it: the key file, wrapped tenant keys, the signer.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use secrecy::ExposeSecret;
use tributary_model::id::TenantId;
use tributary_vault::{Vault, VaultError, WrappedKey};

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

#[test]
fn the_key_file_is_private_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys/kek");
    let wrapped = Vault::open_or_create(&path)
        .unwrap()
        .new_tenant_key(&tenant("acme"))
        .unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let files = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(files, 1, "no draft is left");
    let again = Vault::open_or_create(&path).unwrap();
    again.tenant(&tenant("acme"), &wrapped).unwrap();
}

#[test]
fn a_key_file_that_others_may_read_or_that_holds_no_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kek");
    Vault::open_or_create(&path).unwrap();
    for mode in [0o640, 0o604, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = Vault::open_or_create(&path).unwrap_err();
        assert!(matches!(error, VaultError::KeyFileOpen { .. }), "{error}");
        assert!(
            error.to_string().contains(&format!("{mode:04o}")),
            "{error}"
        );
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    for text in ["", "secret", "tributary-key-1:AAAA", "tributary-key-2:"] {
        fs::write(&path, text).unwrap();
        let error = Vault::open_or_create(&path).unwrap_err();
        assert!(
            matches!(error, VaultError::KeyFileForm { .. }),
            "{text:?}: {error}"
        );
    }
}

#[test]
fn processes_that_start_at_once_end_with_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kek");
    let kids: Vec<String> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let vault = Vault::open_or_create(&path).unwrap();
                    vault.token_signer().unwrap().kid().to_owned()
                })
            })
            .collect();
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap())
            .collect()
    });
    assert!(kids.windows(2).all(|pair| pair[0] == pair[1]), "{kids:?}");
}

#[test]
fn a_tenants_key_opens_only_its_own_objects() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open_or_create(&folder.path().join("kek")).unwrap();
    let (acme, globex) = (tenant("acme"), tenant("globex"));
    let wrapped = vault.new_tenant_key(&acme).unwrap();
    let foreign = vault.new_tenant_key(&globex).unwrap();
    let sealed = vault
        .tenant(&acme, &wrapped)
        .unwrap()
        .seal("connection", "erp", b"password")
        .unwrap();

    assert!(vault.tenant(&globex, &wrapped).is_err(), "wrapped for acme");
    let stranger = vault.tenant(&globex, &foreign).unwrap();
    assert!(stranger.open("connection", "erp", &sealed).is_err());
    let broken = WrappedKey::from_text("not base64!".to_owned());
    assert!(matches!(
        vault.tenant(&acme, &broken),
        Err(VaultError::Form { .. })
    ));
    let owner = vault.tenant(&acme, &wrapped).unwrap();
    assert_eq!(
        owner.open("connection", "erp", &sealed).unwrap(),
        b"password"
    );

    let shown = format!("{vault:?} {owner:?} {wrapped:?}");
    assert_eq!(shown, "Vault(..) TenantVault(acme) WrappedKey(..)");
}

#[test]
fn the_signer_is_the_same_after_a_restart_and_signs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kek");
    let one = Vault::open_or_create(&path)
        .unwrap()
        .token_signer()
        .unwrap();
    let two = Vault::open_or_create(&path)
        .unwrap()
        .token_signer()
        .unwrap();
    assert_eq!(one.kid(), two.kid());
    assert_eq!(one.kid().len(), 16);
    let pair = Ed25519KeyPair::from_pkcs8(one.pkcs8_der().expose_secret()).unwrap();
    let signature = pair.sign(b"claims");
    UnparsedPublicKey::new(&ED25519, two.public_key())
        .verify(b"claims", signature.as_ref())
        .unwrap();
    assert_eq!(one.public_key_der().unwrap().len(), 44);
    assert!(!format!("{one:?}").contains("pkcs8"));
}
