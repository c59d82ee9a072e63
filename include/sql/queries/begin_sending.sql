-- The fence of a message: whoever no longer holds its lease sends nothing.
update social_notifications
set sending_at = clock_timestamp()
where
    id = :notification_id and lease_expires_at = :lease_expires_at and lease_expires_at > clock_timestamp()
    and sent_at is null and dead_at is null
returning id
