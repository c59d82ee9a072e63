-- Takes the tables away, children first. The backoffice's own larps table stays; one that we made goes.
drop table social_webhook_events;
drop table social_outbox;
drop table social_audit_log;
drop table social_publish_attempts;
drop table social_scheduled_posts;
drop table social_draft_approvals;
drop table social_draft_assets;
drop table social_drafts;
drop table facebook_page_connections;
do $$
begin
    if obj_description('larps'::regclass) like 'made by socialpub%' then
        drop table larps;
    end if;
end
$$;
