-- A page of a LARP's calendar: schedules by their time, canceled ones left out. The index of each Page's calendar gives
-- them in order from the cursor on, and no more of them are looked at than fill the page; so what of a post decides
-- whether it is shown is asked in there.
with page as (
    select id
    from unnest(cast(:connection_ids as uuid [])) as given (id)
)

select next_ones.*
from page
cross join lateral (
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
    from social_scheduled_posts as post
    inner join social_drafts as draft on post.draft_id = draft.id
    where
        post.connection_id = page.id
        and post.status != 'canceled'
        and post.publish_at >= greatest(
            coalesce(cast(:since as timestamptz), '-infinity'), coalesce(cast(:after_at as timestamptz), '-infinity')
        )
        and post.publish_at < coalesce(cast(:until as timestamptz), 'infinity')
        and (
            cast(:after_at as timestamptz) is null
            or (post.publish_at, post.id) > (cast(:after_at as timestamptz), cast(:after_id as uuid))
        )
        and draft.larp_id = :larp_id
        and draft.status = any(:statuses)
    order by post.publish_at, post.id
    limit :most
) as next_ones
order by next_ones.publish_at, next_ones.scheduled_post_id
limit :most
