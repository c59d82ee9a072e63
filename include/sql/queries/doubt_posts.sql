-- What became of them is unknown; the next scan looks them up.
update social_scheduled_posts
set status = 'unconfirmed', status_reason = :reason, next_attempt_at = now() - :look_again_after
where id = any(:post_ids) and status in ('publishing', 'unconfirmed')
