//! What SQLite and Postgres write differently: begin, clock, claim, bulk rows. Everything else
//! is one text for both.
//!
//! Bulk statements take their rows as one JSON array, which both databases unpack, so that the
//! number of parameters does not depend on the number of rows; hashes lie end to end in one byte
//! string beside it, since cutting bytes costs a fifth of parsing hex. On Postgres they are cut
//! in a CTE of its own: under row level security only a comparison of plain columns may use an
//! index, because `substring` is not leakproof. `lateral .. offset 0` holds the planner to one
//! index look-up per row; with the statistics of a table that has just grown it would read all
//! of it instead (measured: 2,000 instead of 100,000 look-ups a second).

use std::sync::LazyLock;

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// SQLite must take the write lock at once: a reader that becomes a writer may be refused.
    pub(crate) fn begin_write(self) -> &'static str {
        match self {
            Self::Sqlite => "begin immediate",
            Self::Postgres => "begin",
        }
    }

    /// Binds the scope ($1 tenant, $2 system on/off) to the transaction; gives the time, ms.
    pub(crate) fn start(self) -> &'static str {
        match self {
            Self::Sqlite => "select cast(unixepoch('subsec') * 1000 as integer) as now, $1, $2",
            Self::Postgres => {
                "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint) as now,
                    set_config('app.tenant', $1, true), set_config('app.system', $2, true)"
            }
        }
    }

    /// $1 now, $2 lease end, $3 worker, $4 limit. Tenants take turns: each of a tenant's due pieces
    /// stands behind those that are due before and those that workers hold of it, and the foremost
    /// of all tenants are taken; between equals chance decides. `hop` goes over the index from one
    /// tenant with due work to the next, 16 of them, from a place that chance chooses: a claim
    /// costs the same with long queues and with many tenants. On Postgres more candidates are
    /// looked at than taken, because other workers lock some.
    pub(crate) fn claim(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "with recursive first (tenant) as (select min(tenant) from work where due_at is not null),
                hop (tenant, depth) as (
                    select coalesce((select min(w.tenant) from work w
                        where w.due_at is not null and w.tenant > somebody.tenant),
                        (select tenant from first)), 1
                    from (select tenant from tenant order by random() limit 1) as somebody
                    union all
                    select coalesce((select min(w.tenant) from work w
                        where w.due_at is not null and w.tenant > hop.tenant),
                        (select tenant from first)), depth + 1
                    from hop where depth < 16),
                tenants (tenant) as (select distinct tenant from hop where tenant is not null),
                held (tenant, pieces) as materialized (select tenant, count(*)
                    from work indexed by work_leased
                    where lease_until is not null group by tenant),
                queued (tenant, id, place) as (select w.tenant, w.id, coalesce(held.pieces, 0)
                        + row_number() over (partition by w.tenant order by w.due_at, w.id)
                    from tenants join work w on w.tenant = tenants.tenant and w.id in
                        (select c.id from work c where c.tenant = tenants.tenant
                            and c.due_at is not null and c.due_at <= $1
                            order by c.due_at, c.id limit $4)
                    left join held on held.tenant = w.tenant)
                 update work set state = 'leased', epoch = epoch + 1, attempt = attempt + 1,
                    due_at = null, lease_until = $2, owner = $3, updated_at = $1
                 where (tenant, id) in (select tenant, id from queued
                    order by place, random() limit $4)
                 returning tenant, id, run, kind, partition, batch, epoch, attempt"
            }
            Self::Postgres => {
                "with recursive first (tenant) as (select min(tenant) from work where due_at is not null),
                hop (tenant, depth) as (
                    select coalesce((select min(w.tenant) from work w
                        where w.due_at is not null and w.tenant > somebody.tenant),
                        (select tenant from first)), 1
                    from (select tenant from tenant order by random() limit 1) as somebody
                    union all
                    select coalesce((select min(w.tenant) from work w
                        where w.due_at is not null and w.tenant > hop.tenant),
                        (select tenant from first)), depth + 1
                    from hop where depth < 16),
                tenants (tenant) as (select distinct tenant from hop where tenant is not null),
                held (tenant, pieces) as materialized (select tenant, count(*) from work
                    where lease_until is not null group by tenant),
                queued (tenant, id, place) as materialized (select c.tenant, c.id,
                        coalesce(held.pieces, 0)
                        + row_number() over (partition by c.tenant order by c.due_at, c.id)
                    from tenants cross join lateral (select w.tenant, w.id, w.due_at from work w
                        where w.tenant = tenants.tenant
                            and w.due_at is not null and w.due_at <= $1
                        order by w.due_at, w.id limit $4 * 8) as c
                    left join held on held.tenant = c.tenant),
                free as materialized (select w.tenant, w.id
                    from queued join work w on w.tenant = queued.tenant and w.id = queued.id
                    where w.due_at <= $1
                    order by queued.place, random() limit $4 for update of w skip locked)
                 update work set state = 'leased', epoch = epoch + 1, attempt = attempt + 1,
                    due_at = null, lease_until = $2, owner = $3, updated_at = $1
                 from free where work.tenant = free.tenant and work.id = free.id
                 returning work.tenant, work.id, run, kind, partition, batch, epoch, attempt"
            }
        }
    }

    /// $1 now, $2 limit. Locks what it finds.
    pub(crate) fn expired(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "select tenant, id, run, kind, partition, batch, epoch, attempt, owner from work
                 where lease_until <= $1 order by lease_until limit $2"
            }
            Self::Postgres => {
                "select tenant, id, run, kind, partition, batch, epoch, attempt, owner from work
                 where lease_until <= $1 order by lease_until limit $2 for update skip locked"
            }
        }
    }

    /// $1 new lease end, $2 JSON rows [tenant, id, epoch], $3 now. A lease that has ended is not
    /// renewed: whoever sees it as free must be right.
    pub(crate) fn heartbeat(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "update work set lease_until = $1
                 where lease_until > $3 and (tenant, id, epoch) in
                    (select value ->> 0, value ->> 1, value ->> 2 from json_each($2))
                 returning tenant, id, epoch, run"
            }
            Self::Postgres => {
                "update work set lease_until = $1
                 where lease_until > $3 and (tenant, id, epoch) in
                    (select value ->> 0, value ->> 1, (value ->> 2)::bigint
                     from json_array_elements($2::json) as held(value))
                 returning tenant, id, epoch, run"
            }
        }
    }

    /// $1 tenant, $2 JSON array of run ids. One row per run and state of its batches.
    pub(crate) fn counters_of(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "select run, state,
                    cast(sum(rows) as bigint) as rows,
                    cast(sum(records) as bigint) as records,
                    cast(sum(read) as bigint) as read,
                    cast(sum(delivered) as bigint) as delivered,
                    cast(sum(unchanged) as bigint) as unchanged,
                    cast(sum(skipped) as bigint) as skipped,
                    cast(sum(quarantined) as bigint) as quarantined,
                    cast(sum(rejected) as bigint) as rejected,
                    cast(sum(uncertain) as bigint) as uncertain,
                    cast(sum(pending) as bigint) as pending
                 from batch where tenant = $1 and run in (select value from json_each($2))
                 group by run, state"
            }
            Self::Postgres => {
                "select run, state,
                    cast(sum(rows) as bigint) as rows,
                    cast(sum(records) as bigint) as records,
                    cast(sum(read) as bigint) as read,
                    cast(sum(delivered) as bigint) as delivered,
                    cast(sum(unchanged) as bigint) as unchanged,
                    cast(sum(skipped) as bigint) as skipped,
                    cast(sum(quarantined) as bigint) as quarantined,
                    cast(sum(rejected) as bigint) as rejected,
                    cast(sum(uncertain) as bigint) as uncertain,
                    cast(sum(pending) as bigint) as pending
                 from batch where tenant = $1
                    and run in (select value from json_array_elements_text($2::json) as r(value))
                 group by run, state"
            }
        }
    }

    /// $1 tenant, $2 integration, $3 key hashes, 32 bytes each, end to end, $4 JSON array with an
    /// element for each.
    pub(crate) fn records_seen(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "select i.key_hash, i.content_hash, i.state, i.resend, i.held_resend, i.sent_at, i.last_sent_at,
                    i.run_no, r.id as run
                 from json_each($4) as k
                 cross join record_index i on i.tenant = $1 and i.integration = $2
                    and i.key_hash = substr($3, k.key * 32 + 1, 32)
                 join run r on r.tenant = i.tenant and r.no = i.run_no"
            }
            Self::Postgres => {
                "with given as materialized
                    (select substring($3 from row_no::int * 32 - 31 for 32) as key_hash
                     from json_array_elements($4::json) with ordinality as k(value, row_no))
                 select i.key_hash, i.content_hash, i.state, i.resend, i.held_resend, i.sent_at, i.last_sent_at,
                    i.run_no, r.id as run
                 from given cross join lateral (select * from record_index
                    where tenant = $1 and integration = $2 and key_hash = given.key_hash
                    offset 0) as i
                 join run r on r.tenant = i.tenant and r.no = i.run_no"
            }
        }
    }

    /// $1 tenant, $2 integration, $3 run no, $4 place without the ordinal, $5 JSON rows
    /// [ordinal, state, resend of the last sending, resend of what the target holds, when that was
    /// sent first and last], $6 their key hashes and $7 content hashes, 32 bytes each, end to end: each key once,
    /// in key order (Postgres then locks in one order).
    ///
    /// What the target holds changes by a delivery, or when it refuses what it was in doubt about; a
    /// record that the target never had shows its last outcome. A run changes nothing of that
    /// after a later one. An empty place leaves the life line as it is.
    pub(crate) fn index_records(self) -> &'static str {
        match self {
            Self::Sqlite => &INDEX_RECORDS_SQLITE,
            Self::Postgres => &INDEX_RECORDS_POSTGRES,
        }
    }

    /// $1 tenant, $2 integration, $3 run no, $4 partition, $5 batch, $6 epoch, $7 JSON rows
    /// [ordinal, key, state, external id, prev], $8 their key hashes, $9 their content hashes.
    /// prev is given where the same key came before in the batch; otherwise the index tells it.
    pub(crate) fn append_records(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "insert into run_record (tenant, run_no, partition, batch, epoch, ordinal, key,
                    content_hash, state, external_id, prev)
                 select $1, $3, $4, $5, $6, o.value ->> 0, o.value ->> 1,
                    substr($9, o.key * 32 + 1, 32), o.value ->> 2, o.value ->> 3,
                    coalesce(o.value ->> 4, i.prev)
                 from json_each($7) as o
                 cross join record_index i on i.tenant = $1 and i.integration = $2
                    and i.key_hash = substr($8, o.key * 32 + 1, 32)"
            }
            Self::Postgres => {
                "with given as materialized
                    (select value, substring($8 from row_no::int * 32 - 31 for 32) as key_hash,
                        substring($9 from row_no::int * 32 - 31 for 32) as content_hash
                     from json_array_elements($7::json) with ordinality as o(value, row_no))
                 insert into run_record (tenant, run_no, partition, batch, epoch, ordinal, key,
                    content_hash, state, external_id, prev)
                 select $1, $3, $4, $5, $6, (value ->> 0)::bigint, value ->> 1,
                    given.content_hash, value ->> 2, value ->> 3, coalesce(value ->> 4, i.prev)
                 from given cross join lateral (select * from record_index
                    where tenant = $1 and integration = $2 and key_hash = given.key_hash
                    offset 0) as i"
            }
        }
    }

    /// $1 tenant, $2 run, $3 partition, $4 batch, $5 epoch, $6 JSON rows [no, ordinal, key,
    /// code, rule, owner, issue as JSON text].
    pub(crate) fn append_issues(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "insert into record_issue (tenant, run, partition, batch, epoch, no, ordinal, key,
                    code, rule, owner, issue)
                 select $1, $2, $3, $4, $5, value ->> 0, value ->> 1, value ->> 2, value ->> 3,
                    value ->> 4, value ->> 5, value ->> 6 from json_each($6)"
            }
            Self::Postgres => {
                "insert into record_issue (tenant, run, partition, batch, epoch, no, ordinal, key,
                    code, rule, owner, issue)
                 select $1, $2, $3, $4, $5, (value ->> 0)::bigint, (value ->> 1)::bigint,
                    value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
                 from json_array_elements($6::json) as o(value)"
            }
        }
    }
}

/// See [`Dialect::index_records`].
static INDEX_RECORDS_SQLITE: LazyLock<String> = LazyLock::new(|| {
    index_records(
        "substr($6, key * 32 + 1, 32), substr($7, key * 32 + 1, 32), value ->> 1, $3,
    $4 || (value ->> 0), value ->> 2, value ->> 3, value ->> 4, value ->> 5
 from json_each($5) where true",
    )
});

/// See [`Dialect::index_records`].
static INDEX_RECORDS_POSTGRES: LazyLock<String> = LazyLock::new(|| {
    index_records(
        "substring($6 from row_no::int * 32 - 31 for 32),
    substring($7 from row_no::int * 32 - 31 for 32), value ->> 1, $3, $4 || (value ->> 0),
    (value ->> 2)::bigint, (value ->> 3)::bigint, (value ->> 4)::bigint,
    (value ->> 5)::bigint
 from json_array_elements($5::json) with ordinality as o(value, row_no)
 order by row_no",
    )
});

/// The statement whose rows `unpacked` takes out of the parameters: what is said of a record twice
/// is merged alike on both databases.
fn index_records(unpacked: &str) -> String {
    // A doubt about a call whose outcome is known, or was settled, is none: a batch that stops keeps
    // what it announced.
    let outcome_counts = "excluded.run_no >= record_index.run_no
        and not (excluded.state = 'uncertain' and record_index.state in ('delivered', 'rejected')
            and excluded.content_hash = record_index.content_hash
            and excluded.resend is not null and record_index.resend is not null
            and excluded.resend <= record_index.resend)
        and (excluded.state in ('delivered', 'uncertain')
            or record_index.state not in ('delivered', 'uncertain')
            or (excluded.state = 'rejected' and record_index.state = 'uncertain'
                and excluded.content_hash = record_index.content_hash
                and excluded.resend = record_index.held_resend))";
    let held_counts = "excluded.held_resend is not null and excluded.run_no >= record_index.run_no";
    format!(
        "insert into record_index (tenant, integration, key_hash, content_hash, state, run_no, place,
    resend, held_resend, sent_at, last_sent_at)
 select $1, $2, {unpacked}
 on conflict (tenant, integration, key_hash) do update set
    content_hash = case when {outcome_counts}
        then excluded.content_hash else record_index.content_hash end,
    state = case when {outcome_counts} then excluded.state else record_index.state end,
    resend = case when excluded.resend >= coalesce(record_index.resend, 0)
        then excluded.resend else record_index.resend end,
    held_resend = case when {held_counts}
        then excluded.held_resend else record_index.held_resend end,
    sent_at = case when {held_counts} then excluded.sent_at else record_index.sent_at end,
    last_sent_at = case when {held_counts}
        then excluded.last_sent_at else record_index.last_sent_at end,
    run_no = case when excluded.run_no > record_index.run_no
        then excluded.run_no else record_index.run_no end,
    prev = case when excluded.place = '' then record_index.prev
        else nullif(record_index.place, '') end,
    place = case when excluded.place = '' then record_index.place else excluded.place end"
    )
}
