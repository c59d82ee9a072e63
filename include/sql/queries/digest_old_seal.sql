-- The digest of a seal from before a restore, as social_digest_of_seal gives it. Transactions are counted anew on the new
-- server, so rows written there may lie between those of the seal: the restore's first seal tells which were there before.
-- Two branches, so that each is a look by an index.
with covered as (
    select
        seal.number,
        count(entry.id) as row_count,
        social_chain_of(social_audit_link(entry) order by entry.id) as rows_digest
    from social_audit_seals as seal
    inner join social_audit_log as entry on seal.base_id >= entry.id
    where seal.number = :number and seal.upto_transaction = 0 and entry.id <= :until_id
    group by seal.number
    union all
    select
        seal.number,
        count(entry.id) as row_count,
        social_chain_of(social_audit_link(entry) order by entry.written_in, entry.id) as rows_digest
    from social_audit_seals as seal
    inner join social_audit_log as entry
        on
            entry.written_in between seal.after_transaction and seal.upto_transaction
            and seal.base_id < entry.id
            and (entry.written_in, entry.id) > (seal.after_transaction, seal.after_id)
            and (entry.written_in, entry.id) <= (seal.upto_transaction, seal.upto_id)
    where seal.number = :number and seal.upto_transaction != 0 and entry.id <= :until_id
    group by seal.number
)

select
    coalesce(covered.row_count, 0) as row_count,
    sha256(
        coalesce((select earlier.digest from social_audit_seals as earlier where earlier.number = seal.number - 1), '')
        || convert_to(
            concat_ws(
                '|', seal.number, seal.cluster, seal.base_id, seal.after_transaction, seal.after_id,
                seal.upto_transaction, seal.upto_id, coalesce(covered.row_count, 0)
            ), 'UTF8'
        )
        || coalesce(covered.rows_digest, '')
    ) as digest
from social_audit_seals as seal
left join covered on seal.number = covered.number
where seal.number = :number
