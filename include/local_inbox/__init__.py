"""Where the local stack's mail and Slack messages arrive: an SMTP server, a webhook, and a page that shows both."""
