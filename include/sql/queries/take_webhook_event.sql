-- One event for this transaction; None when somebody else has it or is done with it.
select
    id,
    page_id,
    payload,
    event_at,
    received_at
from social_webhook_events
where id = :event_id and processed_at is null
for update skip locked
