-- The digest of a seal from before a restore, as social_digest_of_seal gives it. Transactions are counted anew on the new
-- server, so rows written there may lie between those of the seal: the restore's first seal tells which were there before.
with seal as (select * from social_audit_seals where number = :number),

covered as (
    select
        count(*) as row_count,
        social_chain_of(
            social_audit_link(entry)
            order by case seal.upto_transaction when 0 then 0 else entry.written_in end, entry.id
        ) as rows_digest
    from seal
    inner join social_audit_log as entry
        on
            entry.id <= :until_id
            and case
                when seal.upto_transaction = 0 then seal.base_id >= entry.id
                else
                    seal.base_id < entry.id
                    and entry.written_in between seal.after_transaction and seal.upto_transaction
                    and (entry.written_in, entry.id) > (seal.after_transaction, seal.after_id)
                    and (entry.written_in, entry.id) <= (seal.upto_transaction, seal.upto_id)
            end
)

select
    covered.row_count,
    sha256(
        coalesce((select earlier.digest from social_audit_seals as earlier where earlier.number = seal.number - 1), '')
        || convert_to(
            concat_ws(
                '|', seal.number, seal.cluster, seal.base_id, seal.after_transaction, seal.after_id,
                seal.upto_transaction, seal.upto_id, covered.row_count
            ), 'UTF8'
        )
        || coalesce(covered.rows_digest, '')
    ) as digest
from seal cross join covered
