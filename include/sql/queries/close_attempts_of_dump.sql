-- The attempts that were open in the dump belong to runs that are gone.
update social_publish_attempts
set
    finished_at = now(),
    outcome = case when sent_at is null then 'released' else 'unconfirmed' end,
    error_message = :reason
where scheduled_post_id = any(:post_ids) and finished_at is null
