//! The local lake as its users see it.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tributary_lake::{Lake, LakeError, Layer, ObjectFolder, ObjectKey, PIECE_BYTES, Sent};
use tributary_model::id::{RunId, Slug, TenantId};
use tributary_vault::{TenantVault, Vault};

struct Bench {
    folder: tempfile::TempDir,
    lake: Lake,
    vault: Vault,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            lake: Lake::local(folder.path().join("lake")),
            vault: Vault::open_or_create(&folder.path().join("kek")).unwrap(),
            folder,
        }
    }

    fn tenant(&self, name: &str) -> TenantVault {
        let tenant = TenantId::parse(name).unwrap();
        let wrapped = self.vault.new_tenant_key(&tenant).unwrap();
        self.vault.tenant(&tenant, &wrapped).unwrap()
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(&self.folder.path().join("lake"), &mut found);
        found
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn objects(tenant: &str) -> ObjectFolder {
    ObjectKey::folder(
        Layer::Raw,
        &TenantId::parse(tenant).unwrap(),
        &Slug::parse("orders").unwrap(),
        "lines",
        "2026-03-01",
        &RunId::parse("run_0190a0b0c0d0e0f00102030405060708").unwrap(),
    )
    .unwrap()
}

#[tokio::test]
async fn what_is_put_comes_back_and_is_not_readable_on_disk() {
    let bench = Bench::new();
    let acme = bench.tenant("acme");
    for (number, len) in [0_usize, 1, 70_000, 1_000_000].into_iter().enumerate() {
        let plain = Bytes::from("needle,".repeat(len).into_bytes());
        let key = objects("acme")
            .file(1, number as u32, 1, "csv.zst")
            .unwrap();
        let info = bench.lake.put(&acme, &key, plain.clone()).await.unwrap();
        assert_eq!(info.bytes, plain.len() as u64);
        assert_eq!(info.digest, blake3::hash(&plain).to_hex().to_string());
        let back = bench
            .lake
            .get(&acme, &info.key, acme.tenant())
            .await
            .unwrap();
        assert_eq!(back, plain);
    }
    let files = bench.files();
    assert_eq!(files.len(), 4, "no draft is left: {files:?}");
    for file in files {
        let stored = fs::read(file).unwrap();
        assert!(!stored.windows(6).any(|part| part == b"needle"));
        assert!(stored.len() < 100_000, "compressed before sealed");
    }
}

#[tokio::test]
async fn objects_never_change() {
    let bench = Bench::new();
    let acme = bench.tenant("acme");
    let key = objects("acme").named("manifest.json").unwrap();
    let first = bench
        .lake
        .put(&acme, &key, Bytes::from_static(b"one"))
        .await
        .unwrap();
    let again = bench
        .lake
        .put(&acme, &key, Bytes::from_static(b"one"))
        .await
        .unwrap();
    assert_eq!(first, again, "the same content again is a retry");
    let other = bench
        .lake
        .put(&acme, &key, Bytes::from_static(b"two"))
        .await;
    assert!(matches!(other, Err(LakeError::Exists(_))), "{other:?}");
    let back = bench
        .lake
        .get(&acme, key.as_str(), acme.tenant())
        .await
        .unwrap();
    assert_eq!(back, "one");
}

#[tokio::test]
async fn writers_that_race_for_a_key_leave_one_whole_object() {
    let bench = Bench::new();
    let acme = bench.tenant("acme");
    let key = objects("acme").named("race").unwrap();
    let tasks: Vec<_> = (0..8_u8)
        .map(|n| {
            let (lake, vault, key) = (bench.lake.clone(), acme.clone(), key.clone());
            tokio::spawn(async move { lake.put(&vault, &key, Bytes::from(vec![n; 100])).await })
        })
        .collect();
    let mut winners = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => winners += 1,
            Err(LakeError::Exists(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(winners, 1);
    let back = bench
        .lake
        .get(&acme, key.as_str(), acme.tenant())
        .await
        .unwrap();
    assert!(back.len() == 100 && back.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn tenants_cannot_reach_each_others_objects() {
    let bench = Bench::new();
    let (acme, globex) = (bench.tenant("acme"), bench.tenant("globex"));
    let key = objects("acme").named("x").unwrap();
    bench
        .lake
        .put(&acme, &key, Bytes::from_static(b"x"))
        .await
        .unwrap();

    let put = bench.lake.put(&globex, &key, Bytes::new()).await;
    assert!(matches!(put, Err(LakeError::Foreign { .. })));
    for (vault, tenant) in [
        (&globex, globex.tenant()),
        (&globex, acme.tenant()),
        (&acme, globex.tenant()),
    ] {
        let got = bench.lake.get(vault, key.as_str(), tenant).await;
        assert!(matches!(got, Err(LakeError::Foreign { .. })), "{got:?}");
    }
    // even a file copied to the other tenant's folder does not open there
    let copied = objects("globex").named("x").unwrap();
    let root = bench.folder.path();
    let to = root.join(copied.as_str());
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(root.join(key.as_str()), to).unwrap();
    let got = bench
        .lake
        .get(&globex, copied.as_str(), globex.tenant())
        .await;
    assert!(matches!(got, Err(LakeError::Vault { .. })), "{got:?}");
}

#[tokio::test]
async fn missing_bad_and_altered_objects_are_told_apart() {
    let bench = Bench::new();
    let acme = bench.tenant("acme");
    let key = objects("acme").named("x").unwrap();
    let missing = bench.lake.get(&acme, key.as_str(), acme.tenant()).await;
    assert!(matches!(missing, Err(LakeError::Missing(_))));
    let bad = bench
        .lake
        .get(&acme, "lake/raw/tenant=acme/../../kek", acme.tenant())
        .await;
    assert!(matches!(bad, Err(LakeError::Key(_))));

    bench
        .lake
        .put(&acme, &key, Bytes::from_static(b"content"))
        .await
        .unwrap();
    let path = bench.files().pop().unwrap();
    let mut stored = fs::read(&path).unwrap();
    *stored.last_mut().unwrap() ^= 1;
    fs::remove_file(&path).unwrap();
    fs::write(&path, stored).unwrap();
    let altered = bench.lake.get(&acme, key.as_str(), acme.tenant()).await;
    assert!(
        matches!(altered, Err(LakeError::Vault { .. })),
        "{altered:?}"
    );
}

#[tokio::test]
async fn what_is_large_lies_in_pieces_and_can_be_taken_back() {
    let bench = Bench::new();
    let (acme, globex) = (bench.tenant("acme"), bench.tenant("globex"));
    let inbox = Slug::parse("inbox").unwrap();
    let folder = ObjectKey::sent(Sent::Upload, acme.tenant(), &inbox, "upl_1").unwrap();
    let mut writer = bench.lake.piece_writer(&acme, folder.clone());
    let bytes: Vec<u8> = (0..PIECE_BYTES * 2 + 7)
        .map(|at| (at % 251) as u8)
        .collect();
    for part in bytes.chunks(1_000_003) {
        writer.write(part).await.unwrap();
    }
    assert_eq!(writer.written().count, 2, "full pieces are stored at once");
    let pieces = writer.finish().await.unwrap();
    assert_eq!((pieces.count, pieces.bytes), (3, bytes.len() as u64));
    let (no, within) = pieces.place(PIECE_BYTES as u64 + 5);
    let piece = bench.lake.piece(&acme, &pieces, no).await.unwrap();
    assert_eq!(
        piece[within..within + 9],
        bytes[PIECE_BYTES + 5..PIECE_BYTES + 14]
    );
    let mut read = Vec::new();
    for no in 0..pieces.count {
        read.extend_from_slice(&bench.lake.piece(&acme, &pieces, no).await.unwrap());
    }
    assert!(read == bytes);
    let beyond = bench.lake.piece(&acme, &pieces, 3).await;
    assert!(matches!(beyond, Err(LakeError::Missing(_))));
    let foreign = bench.lake.piece(&globex, &pieces, 0).await;
    assert!(matches!(foreign, Err(LakeError::Foreign { .. })));
    let foreign = bench.lake.remove_pieces(&globex, &pieces).await;
    assert!(matches!(foreign, Err(LakeError::Foreign { .. })));
    assert_eq!(bench.files().len(), 3);

    // pieces cannot change places
    let files = bench.files();
    fs::copy(&files[0], files[1].with_extension("x")).unwrap();
    fs::rename(files[1].with_extension("x"), &files[1]).unwrap();
    let swapped: Vec<bool> = {
        let mut readable = Vec::new();
        for no in 0..pieces.count {
            readable.push(bench.lake.piece(&acme, &pieces, no).await.is_ok());
        }
        readable
    };
    assert_eq!(swapped.iter().filter(|readable| !**readable).count(), 1);

    bench.lake.remove_pieces(&acme, &pieces).await.unwrap();
    assert!(bench.files().is_empty());
    bench.lake.remove_pieces(&acme, &pieces).await.unwrap();
    let mut nothing = bench.lake.piece_writer(&acme, folder);
    assert_eq!(nothing.finish().await.unwrap().count, 0);
}
