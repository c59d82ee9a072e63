-- Posts of one Page keep their order: is an earlier one of the Page about to be sent, or being sent, right now? One that
-- waits for its retry, or whose owner is overdue, holds nobody back.
select exists(
    select 1
    from social_scheduled_posts as post
    inner join social_scheduled_posts as earlier on post.connection_id = earlier.connection_id
    where
        post.id = :post_id
        and earlier.status in ('queued', 'publishing')
        and (earlier.publish_at, earlier.created_at, earlier.id) < (post.publish_at, post.created_at, post.id)
        and earlier.due_at <= greatest(post.due_at, now())
        and earlier.lease_expires_at > now()
        and exists (
            select 1 from social_publish_attempts as attempt
            where attempt.scheduled_post_id = earlier.id and attempt.finished_at is null
        )
)
