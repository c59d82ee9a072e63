-- A page of a LARP's drafts, newest first. Each status is a range of one index, read backwards from the cursor and no
-- further than the page is long; so it costs the same for a hundred drafts and a million.
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
from (
    select next_ones.*
    from unnest(cast(:statuses as text [])) as wanted (status)
    cross join lateral (
        select *
        from social_drafts
        where larp_id = :larp_id and status = wanted.status and number < :before_number
        order by number desc
        limit :most
    ) as next_ones
    order by next_ones.number desc
    limit :most
) as draft
left join lateral (
    select *
    from social_scheduled_posts
    where draft_id = draft.id
    order by created_at desc, id desc
    limit 1
) as post on true
order by draft.number desc
