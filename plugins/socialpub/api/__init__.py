"""The plugin's FastAPI app: what people and the backoffice reach over HTTP."""
