-- Comments that may have been posted since the dump: with post_id that of one post, else all that are due. They are looked
-- up under their posts before anything is posted.
update social_first_comments
set status = 'posting', reason = :reason
where
    status = 'pending'
    and case when cast(:post_id as uuid) is null then due_at <= now() else scheduled_post_id = :post_id end
