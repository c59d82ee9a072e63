-- What waits for a person of this LARP, whatever its age; a failed or missed post only while nobody scheduled it again.
select
    'post' as kind,
    post.status,
    post.id,
    post.draft_id,
    draft.title,
    post.publish_at as since,
    post.status_reason as reason
from facebook_page_connections as page
inner join social_posts_of_pages as post on page.id = post.connection_id
inner join social_drafts as draft on post.draft_id = draft.id
where
    page.larp_id = :larp_id
    and post.publish_at >= cast(:now as timestamptz) - interval '30 days'
    and (
        post.status = 'unconfirmed'
        or (post.status in ('failed', 'missed') and draft.status = 'failed' and post.updated_at = (
            select max(updated_at) from social_scheduled_posts where draft_id = post.draft_id
        ))
        or (post.status = 'pending' and post.due_at < :now and post.status_reason is not null)
    )
union all
select
    'comment' as kind,
    comment.status,
    post.id,
    post.draft_id,
    draft.title,
    comment.updated_at as since,
    comment.reason
from facebook_page_connections as page
inner join social_posts_of_pages as post on page.id = post.connection_id
inner join social_first_comments as comment on post.id = comment.scheduled_post_id
inner join social_drafts as draft on post.draft_id = draft.id
where
    page.larp_id = :larp_id
    and post.publish_at >= cast(:now as timestamptz) - interval '30 days'
    and comment.status = 'failed'
union all
select
    'draft' as kind,
    status,
    null as id,
    id as draft_id,
    title,
    updated_at as since,
    null as reason
from social_drafts
where larp_id = :larp_id and status = 'pending_approval'
order by since desc, draft_id asc
limit 200
