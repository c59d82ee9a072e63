-- Once a post, however often Facebook says so.
select social_note_removal(:post_id, cast(:details as jsonb))
where not exists (
    select 1 from social_audit_log where entity_id = :post_id and action = 'scheduled_post.removed_on_facebook'
)
