-- Messages of one channel that are due, for one process until their lease ends. Those whose last answer was lost come
-- last: by then the others have shown whether the channel works.
update social_notifications as notification
set
    lease_expires_at = now() + :lease,
    attempts = attempts + 1,
    doubts = doubts + (sending_at is not null)::int,
    sending_at = null
from (
    select id
    from social_notifications
    where
        sent_at is null and dead_at is null and next_attempt_at <= now() and channel = :channel
        and coalesce(lease_expires_at < now(), true)
    order by doubts + (sending_at is not null)::int, next_attempt_at, id
    limit :max_notifications
    for update skip locked
) as due
where notification.id = due.id
returning notification.id, notification.doubts, notification.lease_expires_at
