-- Behind the fence, as they may have been when the database was lost.
update social_scheduled_posts
set status = 'publishing', claimed_by = :claimed_by, lease_expires_at = now()
where id = any(:post_ids) and status = 'queued'
