-- The message of this group that nobody has begun to send and that has room for more events; when the newest of the group
-- was made tells whether another one may follow at once.
select
    (
        select id
        from social_notifications
        where
            group_key = :group_key and channel = :channel and recipient = :recipient
            and sent_at is null and dead_at is null and sending_at is null and doubts = 0
            and coalesce(lease_expires_at < now(), true)
            and (select count(*) from social_notification_events where notification_id = social_notifications.id)
            < :max_items
        order by created_at desc
        limit 1
        for update skip locked
    ) as id,
    (
        select max(coalesce(sent_at, next_attempt_at))
        from social_notifications
        where group_key = :group_key and channel = :channel and recipient = :recipient
    ) as last_at
