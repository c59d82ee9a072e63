-- What Facebook reported of a Page since a post was sent, to be compared with that post as a whole: two posts of one text
-- are no proof of either.
select
    id,
    page_id,
    payload,
    event_at,
    received_at
from social_webhook_events
where page_id = :page_id and event_at >= :since and outcome is distinct from 'ignored'
order by event_at, id
limit 1000
