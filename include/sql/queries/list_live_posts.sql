-- A page of the live posts by their planned time, the newest first. Up to now nearly all of a Page's calendar is live;
-- beyond now only what a person published early, which has an index of its own.
with page as (
    select id
    from unnest(cast(:connection_ids as uuid [])) as given (id)
)

select
    next_ones.connection_id,
    next_ones.id,
    next_ones.publish_at
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
            and post.stage = 'published' and post.publish_at <= now()
            and post.publish_at >= :since
            and post.publish_at < :until
            and post.publish_at <= :edge_at
            and (post.publish_at, post.id) < (cast(:edge_at as timestamptz), cast(:edge_id as uuid))
        order by post.publish_at desc, post.id desc
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
            and post.stage = 'published' and post.requested_now_at is not null and post.publish_at > now()
            and post.publish_at >= :since
            and post.publish_at < :until
            and post.publish_at <= :edge_at
            and (post.publish_at, post.id) < (cast(:edge_at as timestamptz), cast(:edge_id as uuid))
        order by post.publish_at desc, post.id desc
        limit :each
    )
) as next_ones
order by next_ones.publish_at desc, next_ones.id desc
limit :most
