-- Take one post for a run that a person started, whatever its time. Asking again from the same run gives the post again,
-- so a repeated task goes on where the first one stopped. No row: somebody else has it, or it is final.
with claimed as (
    update social_scheduled_posts as post
    set
        status = 'queued',
        status_reason = null,
        next_attempt_at = now(),
        requested_now_at = now(),
        requested_now_by = :actor,
        requested_now_reason = :reason,
        queued_at = now(),
        claimed_by = :claimed_by,
        lease_expires_at = now() + :lease
    where post.id = :post_id and post.status = 'pending'
    returning post.id
)

select id from claimed
union all
select id from social_scheduled_posts
where id = :post_id and claimed_by = :claimed_by
