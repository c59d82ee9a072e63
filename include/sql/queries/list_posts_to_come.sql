-- A page of the posts that are still to go out, by their planned time: behind now and ahead of it, they lie side by side in
-- the index of a Page's living posts. What Facebook holds, and what a run has taken, are few beside many that are pending;
-- each is found by itself, the latter once for all Pages.
with page as (
    select id
    from unnest(cast(:connection_ids as uuid [])) as given (id)
)

select
    next_ones.connection_id,
    next_ones.id,
    next_ones.publish_at
from (
    select
        waiting.connection_id,
        waiting.id,
        waiting.publish_at
    from page
    cross join lateral (
        (
            select
                post.connection_id,
                post.id,
                post.publish_at
            from social_scheduled_posts as post
            where
                post.connection_id = page.id
                and post.stage = 'open' and post.status = 'pending' and 'pending' = any(cast(:statuses as text []))
                and post.publish_at >= :since
                and post.publish_at < :until
                and post.publish_at >= :edge_at
                and (post.publish_at, post.id) > (cast(:edge_at as timestamptz), cast(:edge_id as uuid))
            order by post.publish_at, post.id
            limit :each
        )
        union all
        (
            select
                post.connection_id,
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
            limit :each
        )
    ) as waiting
    union all
    (
        select
            post.connection_id,
            post.id,
            post.publish_at
        from social_posts_on_their_way as way
        inner join social_scheduled_posts as post on way.id = post.id
        where
            post.connection_id = any(cast(:connection_ids as uuid []))
            and post.status = any(cast(:statuses as text []))
            and post.publish_at >= :since
            and post.publish_at < :until
            and (post.publish_at, post.id) > (cast(:edge_at as timestamptz), cast(:edge_id as uuid))
        order by post.publish_at, post.id
        limit :most
    )
) as next_ones
order by next_ones.publish_at, next_ones.id
limit :most
