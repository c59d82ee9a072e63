-- Stops writing to the audit log and the outbox; what was written stays.
drop trigger social_audit_connection on facebook_page_connections;
drop trigger social_audit_new_connection on facebook_page_connections;
drop trigger social_audit_post on social_scheduled_posts;
drop trigger social_audit_new_post on social_scheduled_posts;
drop trigger social_audit_approval on social_draft_approvals;
drop trigger social_audit_draft on social_drafts;
drop function social_audit_connection();
drop function social_audit_post();
drop function social_audit_approval();
drop function social_audit_draft();
drop function social_emit(text, uuid, uuid, uuid, jsonb);
drop function social_write_audit(text, uuid, uuid, jsonb);
