-- Rows of the audit log behind the last seal.
with last_seal as (
    select *
    from social_audit_seals
    order by number desc
    limit 1
)

select count(*)
from social_audit_log as entry
where not exists (
    select
    from last_seal
    where
        entry.id <= last_seal.base_id
        or last_seal.upto_transaction > 0
        and (entry.written_in, entry.id) <= (last_seal.upto_transaction, last_seal.upto_id)
)
