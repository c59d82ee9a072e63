-- A removal that came before we knew of its post is looked at again once the post is known.
with settled as (
    update social_webhook_events set processed_at = now(), outcome = :outcome
    where id = :event_id and processed_at is null
    returning facebook_post_id
)

update social_webhook_events as earlier
set processed_at = null, outcome = null
from settled
where
    :outcome = 'published'
    and earlier.facebook_post_id = settled.facebook_post_id
    and earlier.outcome = 'not_ours'
    and earlier.payload ->> 'verb' = 'remove'
