-- An event is delivered when all its messages are sent, and dead when one of them is and none is on its way any more.
update social_outbox as event
set
    delivered_at = case when told.is_dead then null else now() end,
    dead_at = case when told.is_dead then now() end
from (
    select
        link.event_id,
        bool_or(message.dead_at is not null) as is_dead
    from social_notification_events as link
    inner join social_notifications as message on link.notification_id = message.id
    where link.event_id in (select event_id from social_notification_events where notification_id = :notification_id)
    group by link.event_id
    having bool_and(message.sent_at is not null or message.dead_at is not null)
) as told
where event.id = told.event_id
