-- Takes the grants of this database back. The roles themselves stay: other databases of the server may use them.
revoke all on larps, facebook_page_connections, social_drafts, social_draft_assets, social_draft_approvals,
    social_scheduled_posts, social_publish_attempts, social_audit_log, social_outbox, social_webhook_events
    from socialpub_backoffice, socialpub_worker, socialpub_readonly;
