-- Facebook delivers again what was not answered in time, in other batches: what is known already is left as it is.
-- Kinds that say nothing about whether a post is live are done with at once.
insert into social_webhook_events (
    dedupe_key, page_id, facebook_post_id, payload, event_at, processed_at, outcome
)
select
    event.dedupe_key,
    event.page_id,
    event.facebook_post_id,
    event.payload,
    event.event_at,
    case when not event.is_relevant then now() end as processed_at,
    case when not event.is_relevant then 'ignored' end as outcome
from jsonb_to_recordset(cast(:events as jsonb)) as event (
    dedupe_key text, page_id text, facebook_post_id text, payload jsonb, event_at timestamptz, is_relevant boolean
)
on conflict (dedupe_key) do nothing
returning id
