-- The first posts of each day of a calendar. Every day is a range of its own of each Page's living posts, and one of the
-- settled ones, so a day with thousands costs what it shows.
with page as (
    select id
    from unnest(cast(:connection_ids as uuid [])) as given (id)
),

span as (
    select *
    from unnest(cast(:starts as timestamptz []), cast(:ends as timestamptz [])) as given (starts_at, ends_at)
)

select
    next_ones.id,
    next_ones.publish_at
from page
cross join span
cross join lateral (
    (
        select
            post.id,
            post.publish_at
        from social_scheduled_posts as post
        where
            post.connection_id = page.id
            and post.stage in ('open', 'unconfirmed', 'handed_over')
            and post.publish_at >= span.starts_at
            and post.publish_at < span.ends_at
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
            and post.stage in ('published', 'failed', 'missed')
            and post.publish_at >= span.starts_at
            and post.publish_at < span.ends_at
        order by post.publish_at, post.id
        limit :most
    )
) as next_ones
order by next_ones.publish_at, next_ones.id
