-- The posts that wait are taken as a run takes them: the way to unconfirmed leads through the fence.
update social_scheduled_posts
set status = 'queued', queued_at = now(), claimed_by = :claimed_by, lease_expires_at = now()
where id = any(:post_ids) and status = 'pending'
