drop trigger social_audit_requeued_message on social_notifications;
drop function social_audit_requeued_message();
drop trigger social_audit_lost_revocation on social_revoked_tokens;
drop trigger social_audit_new_revocation on social_revoked_tokens;
drop function social_audit_revocation();
drop trigger social_audit_route on social_notification_routes;
drop function social_audit_route();
