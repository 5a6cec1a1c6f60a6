# What stands before the bridge: who may come, how much of it, and under which name.
variable "throttling" {
  description = "What the API lets through by route and verb: requests a second (rate) and how many at once (burst). Named alone they hold for every route; routes has its own of webhooks, replies, media, callbacks, handshakes, health. Beyond it the answer is 429, and the platforms repeat."
  type        = any
  default     = {}
  nullable    = false
}

variable "desk_edge" {
  description = "The function behind the desks' webhooks, which takes agents' replies and nothing else: its reserved concurrency (none by default). Otherwise as `edge`."
  type        = any
  default     = {}
  nullable    = false
}

variable "domain" {
  description = "A domain of your own for the API (TLS 1.2 at least): its name; a certificate in this region (certificate_arn), or the Route 53 zone (zone_id) in which one is made and the name led here; base_path (`v1` in https://dm.example.com/v1, none by default); announced (false: the URLs stay the API's own until the name leads here); execute_api (true: the API answers at its own address as well, for links and settings that still name it)."
  type        = any
  default     = null
}

variable "waf" {
  description = "A web ACL before the API: none; own (made here: it refuses unsigned deliveries, bodies that no platform sends, and addresses that ask too often where no platform does); given (yours, by its arn). rate and media_rate: requests of one address in 5 minutes, elsewhere than at the platforms' routes, and for files."
  type        = any
  default     = {}
  nullable    = false
}

variable "allowed_addresses" {
  description = "Who may reach the API at all, as CIDRs: the addresses of a proxy or CDN that you put before it. Everybody by default. None of Meta, TikTok, X and Genesys Cloud tells from where its webhooks come: without a proxy that they deliver to, this shuts them out."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "file_access_log" {
  description = "An S3 bucket of yours (bucket, prefix) in this region and account where S3 writes down who opened which file of ours: address, time, key. None by default."
  type        = any
  default     = null
}
