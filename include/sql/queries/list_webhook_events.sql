-- What waits, in the order in which it happened. One that came to nothing yet is looked at again after some seconds, so
-- that a batch of them can't be in the way of the others.
select id
from social_webhook_events
where processed_at is null
order by event_at, id
limit :max_events
