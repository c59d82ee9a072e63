-- A page of the posts that are still to go out, by their planned time. Ahead of now a Page's calendar holds little else.
-- Of what is pending although its time has come, the scan's own index has what it can take at any moment (where nothing
-- was put off, due_at is publish_at), and an index of its own what waits for another time.
with page as (
    select id
    from unnest(cast(:connection_ids as uuid [])) as given (id)
)

select
    next_ones.id,
    next_ones.publish_at
from page
cross join lateral (
    (
        select
            post.id,
            post.publish_at
        from social_scheduled_posts as post
        where
            post.connection_id = page.id
            and post.stage = 'open' and post.status = 'pending' and 'pending' = any(cast(:statuses as text []))
            and post.publish_at > now()
            and post.publish_at >= :since
            and post.publish_at < :until
            and post.publish_at >= :edge_at
            and (post.publish_at, post.id) > (cast(:edge_at as timestamptz), cast(:edge_id as uuid))
        order by post.publish_at, post.id
        limit :most
    )
    union all
    (
        select
            post.id,
            post.publish_at
        from social_scheduled_posts as post
        where
            post.connection_id = page.id
            and post.stage = 'open' and post.status = 'pending' and 'pending' = any(cast(:statuses as text []))
            and post.next_attempt_at is null and post.due_at <= now()
            and post.due_at >= :since
            and post.due_at < :until
            and post.due_at >= :edge_at
            and (post.due_at, post.id) > (cast(:edge_at as timestamptz), cast(:edge_id as uuid))
        order by post.due_at, post.id
        limit :most
    )
    union all
    (
        select
            post.id,
            post.publish_at
        from social_scheduled_posts as post
        where
            post.connection_id = page.id
            and post.stage = 'open' and post.status = 'pending' and 'pending' = any(cast(:statuses as text []))
            and post.next_attempt_at is not null and post.publish_at <= now()
            and post.publish_at >= :since
            and post.publish_at < :until
            and post.publish_at >= :edge_at
            and (post.publish_at, post.id) > (cast(:edge_at as timestamptz), cast(:edge_id as uuid))
        order by post.publish_at, post.id
        limit :most
    )
    union all
    (
        select
            post.id,
            post.publish_at
        from social_scheduled_posts as post
        where
            post.connection_id = page.id
            and post.stage = 'handed_over' and 'handed_over' = any(cast(:statuses as text []))
            and post.publish_at >= :since
            and post.publish_at < :until
            and post.publish_at >= :edge_at
            and (post.publish_at, post.id) > (cast(:edge_at as timestamptz), cast(:edge_id as uuid))
        order by post.publish_at, post.id
        limit :most
    )
    union all
    (
        select
            post.id,
            post.publish_at
        from social_posts_on_their_way as way
        inner join social_scheduled_posts as post on way.id = post.id
        where
            post.connection_id = page.id
            and post.status = any(cast(:statuses as text []))
            and post.publish_at >= :since
            and post.publish_at < :until
            and post.publish_at >= :edge_at
            and (post.publish_at, post.id) > (cast(:edge_at as timestamptz), cast(:edge_id as uuid))
        order by post.publish_at, post.id
        limit :most
    )
) as next_ones
order by next_ones.publish_at, next_ones.id
limit :most
