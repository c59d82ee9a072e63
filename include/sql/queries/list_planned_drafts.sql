-- A page of a LARP's calendar: schedules by their time, canceled ones left out. The indexes of each Page's living and
-- settled posts give them in order from the cursor on, and no more of them are looked at than fill the page; so what of a
-- post decides whether it is shown is asked in there.
with page as (
    select
        id,
        greatest(coalesce(cast(:since as timestamptz), '-infinity'), coalesce(cast(:after_at as timestamptz), '-infinity'))
            as since,
        coalesce(cast(:until as timestamptz), 'infinity') as until,
        cast(:after_at as timestamptz) as after_at,
        cast(:after_id as uuid) as after_id
    from unnest(cast(:connection_ids as uuid [])) as given (id)
),

shown as (
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
            inner join social_drafts as draft on post.draft_id = draft.id
            where
                post.connection_id = page.id
                and post.stage in ('open', 'unconfirmed', 'handed_over')
                and post.publish_at >= page.since
                and post.publish_at < page.until
                and (page.after_at is null or (post.publish_at, post.id) > (page.after_at, page.after_id))
                and draft.larp_id = :larp_id
                and draft.status = any(:statuses)
            order by post.publish_at, post.id
            limit :most
        )
        union all
        (
            select
                post.id,
                post.publish_at
            from social_scheduled_posts as post
            inner join social_drafts as draft on post.draft_id = draft.id
            where
                post.connection_id = page.id
                and post.stage in ('published', 'failed', 'missed')
                and post.publish_at >= page.since
                and post.publish_at < page.until
                and (page.after_at is null or (post.publish_at, post.id) > (page.after_at, page.after_id))
                and draft.larp_id = :larp_id
                and draft.status = any(:statuses)
            order by post.publish_at, post.id
            limit :most
        )
    ) as next_ones
    order by next_ones.publish_at, next_ones.id
    limit :most
)

select
    draft.id,
    draft.number,
    draft.title,
    draft.status,
    draft.version,
    draft.content_hash,
    draft.created_by,
    draft.updated_by,
    draft.created_at,
    draft.updated_at,
    post.id as scheduled_post_id,
    post.publish_at,
    post.wall_time,
    post.time_zone,
    post.status as post_status,
    post.permalink_url
from shown
inner join social_scheduled_posts as post on shown.id = post.id
inner join social_drafts as draft on post.draft_id = draft.id
order by post.publish_at, post.id
