-- As list_newest_drafts, of one of the Pages that the LARP has had: those with a schedule on it, and those without any
-- if it is the present one.
with wanted as (
    select status
    from unnest(cast(:statuses as text [])) as given (status)
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
from wanted
cross join lateral (
    select *
    from social_drafts
    where larp_id = :larp_id and status = wanted.status and number < :before_number
    order by number desc
) as draft
left join lateral (
    select *
    from social_scheduled_posts
    where draft_id = draft.id
    order by created_at desc, id desc
    limit 1
) as post on true
where
    post.connection_id = any(:connection_ids)
    or post.id is null and exists (
        select
        from facebook_page_connections
        where id = any(:connection_ids) and disconnected_at is null
    )
order by draft.number desc
limit :most
