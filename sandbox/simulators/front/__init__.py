"""Who is asked before an agent is: a company's CRM, and Amazon Bedrock with a model that follows a script."""
