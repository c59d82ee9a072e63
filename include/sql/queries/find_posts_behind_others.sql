-- Posts of one Page keep their order: which of these have an earlier one of their Page that is about to be sent, or being
-- sent, right now? One that waits for its retry, or whose owner is overdue, holds nobody back. The limit keeps the look
-- for each post a look of its own, by index; as a plain "exists" it may be planned as comparing every post with every one. The stages
-- are those of social_scheduled_posts_living, and of no other index: the plan has no choice but the posts of the Page.
select post.id
from social_scheduled_posts as post
cross join lateral (
    select earlier.id
    from social_scheduled_posts as earlier
    where
        earlier.connection_id = post.connection_id
        and earlier.stage in ('open', 'unconfirmed', 'handed_over')
        and earlier.status in ('queued', 'publishing')
        and (earlier.publish_at, earlier.created_at, earlier.id) < (post.publish_at, post.created_at, post.id)
        and earlier.due_at <= greatest(post.due_at, now())
        and earlier.lease_expires_at > now()
        and exists (
            select 1 from social_publish_attempts as attempt
            where attempt.scheduled_post_id = earlier.id and attempt.finished_at is null
        )
    order by earlier.publish_at
    limit 1
) as one_before
where post.id = any(:post_ids)
