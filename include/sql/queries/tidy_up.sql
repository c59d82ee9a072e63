-- What nobody asks for any more. Facebook repeats a delivery for 36 hours and an answer is given again for 24. A piece
-- at a time, so that no statement holds many rows.
with old_events as (
    delete from social_webhook_events
    where id in (
        select id from social_webhook_events where processed_at < now() - :events_kept order by processed_at limit 5000
    )
    returning 1
),

old_answers as (
    delete from social_api_answers
    where (principal, idempotency_key) in (
        select
            principal,
            idempotency_key
        from social_api_answers
        where created_at < now() - :answers_kept order by created_at limit 5000
    )
    returning 1
),

old_tokens as (
    delete from social_revoked_tokens where expires_at < now() - interval '1 hour'
    returning 1
),

old_uploads as (
    delete from social_uploads where checksum_sha256 is null and updated_at < now() - :uploads_kept
    returning 1
)

select
    (select count(*) from old_events) as events,
    (select count(*) from old_answers) as answers,
    (select count(*) from old_tokens) as tokens,
    (select count(*) from old_uploads) as uploads
