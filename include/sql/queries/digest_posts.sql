-- A LARP's posts of the week that comes and of the one that was, each with what a morning's reader asks about it. How
-- often its words stand on the Page in these two weeks is counted over all of them; a post without words has no twin.
with near as materialized (
    select
        post.id,
        post.draft_id,
        post.connection_id,
        post.publish_at,
        post.due_at,
        post.status,
        post.status_reason,
        post.content_hash,
        draft.review,
        draft.title,
        draft.body,
        draft.link,
        page.page_name,
        count(*) over (partition by post.connection_id, lower(btrim(draft.body)), coalesce(draft.link, '')) as copies
    from facebook_page_connections as page
    inner join social_posts_of_pages as post on page.id = post.connection_id
    inner join social_drafts as draft on post.draft_id = draft.id
    where
        page.larp_id = :larp_id
        and post.publish_at >= cast(:now as timestamptz) - interval '7 days'
        and post.publish_at < cast(:now as timestamptz) + interval '7 days'
        and post.status not in ('failed', 'canceled', 'missed')
)

select
    near.id,
    near.draft_id,
    near.connection_id,
    near.publish_at,
    near.status,
    near.status_reason,
    near.title,
    near.link,
    near.page_name,
    near.copies > 1 and btrim(near.body) != '' as has_twin,
    (
        select string_agg(distinct approver, ', ')
        from social_draft_approvals
        where
            draft_id = near.draft_id and content_hash = near.content_hash and review = near.review
            and decision = 'approved'
    ) as approvers,
    (
        select public_url
        from social_draft_assets
        where draft_id = near.draft_id and type = 'photo' and public_url like 'https://%'
        order by position
        limit 1
    ) as thumbnail_url,
    (
        select id
        from social_draft_assets
        where draft_id = near.draft_id and (type = 'photo' or thumbnail_path is not null)
        order by position
        limit 1
    ) as picture_id,
    assets.failed as failed_assets,
    assets.waiting > 0 and near.status != 'handed_over' as has_files_to_check
from near
cross join lateral (
    select
        count(*) filter (where upload_state = 'failed') as failed,
        count(*) filter (where upload_state != 'uploaded') as waiting
    from social_draft_assets
    where draft_id = near.draft_id
) as assets
where near.status != 'published' and greatest(near.publish_at, near.due_at) >= :now
order by near.publish_at, near.id
