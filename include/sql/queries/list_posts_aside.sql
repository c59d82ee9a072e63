-- A page of the posts that did not go out, or may not have, by their planned time and the newest first. Each state is a
-- range of a partial index, so it costs the same beside a million that went well.
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
            and post.stage = 'unconfirmed' and 'unconfirmed' = any(cast(:statuses as text []))
            and post.publish_at >= :since
            and post.publish_at < :until
            and post.publish_at <= :edge_at
            and (post.publish_at, post.id) < (cast(:edge_at as timestamptz), cast(:edge_id as uuid))
        order by post.publish_at desc, post.id desc
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
            and post.stage = 'failed' and 'failed' = any(cast(:statuses as text []))
            and post.publish_at >= :since
            and post.publish_at < :until
            and post.publish_at <= :edge_at
            and (post.publish_at, post.id) < (cast(:edge_at as timestamptz), cast(:edge_id as uuid))
        order by post.publish_at desc, post.id desc
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
            and post.stage = 'missed' and 'missed' = any(cast(:statuses as text []))
            and post.publish_at >= :since
            and post.publish_at < :until
            and post.publish_at <= :edge_at
            and (post.publish_at, post.id) < (cast(:edge_at as timestamptz), cast(:edge_id as uuid))
        order by post.publish_at desc, post.id desc
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
            and post.stage = 'canceled' and 'canceled' = any(cast(:statuses as text []))
            and post.publish_at >= :since
            and post.publish_at < :until
            and post.publish_at <= :edge_at
            and (post.publish_at, post.id) < (cast(:edge_at as timestamptz), cast(:edge_id as uuid))
        order by post.publish_at desc, post.id desc
        limit :most
    )
) as next_ones
order by next_ones.publish_at desc, next_ones.id desc
limit :most
