# What a person may set, field by field. A typed object drops what it does not know without a word, so the root module's
# objects are of type `any`, and this table says what they hold:
#   kind      text, flag, number (a whole one, unless `fraction`), texts, list, map, or
#             named: texts by name, of the `names`
#   must      it has to be given
#   default   what stands in for it; where there is none, the module that takes the object has it
#   least, most, longest, form (a pattern) and `says` of it, among (the only values)
#   prose     a text for people
# What one field may be by itself stands here, or in the module that takes it where its reason is; faults.tf has what
# two of them must be together.
locals {
  # controls, line breaks of every kind, and what makes a line read the other way round
  unseen       = "\\x{0}-\\x{1f}\\x{7f}-\\x{9f}\\x{200e}\\x{200f}\\x{2028}-\\x{202e}\\x{2066}-\\x{2069}"
  one_line     = "^([^\\s${local.unseen}]([^${local.unseen}]*[^\\s${local.unseen}])?)?$"
  filled       = "^[^\\s${local.unseen}]([^${local.unseen}]*[^\\s${local.unseen}])?$"
  endpoint     = { kind = "text", form = "^https://[^/\\s@]+(/\\S*)?$", longest = 2048, says = "an address that begins with https:// and holds no password" }
  secret       = { kind = "text", form = "^[A-Za-z0-9/_+=.@:-]+$", longest = 2048, says = "the name or ARN of a secret" }
  model        = { kind = "text", form = "^[A-Za-z0-9:/._-]+$", longest = 2048, says = "the id or ARN of a model or an inference profile" }
  app          = { kind = "text", form = "^[1-9][0-9]{0,31}$", says = "the number of an app" }
  model_region = { kind = "text", form = "^[a-z0-9-]+$", longest = 40, says = "a region of AWS" }
  word         = "^[!-~]+$"
  address      = "^[^@\\s,;<>\"]+@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\\.)+[A-Za-z]{2,}$"
  url          = "^https?://[^/\\s]\\S*$"

  # left over from an example or a form; a text for people may hold such a sign among others
  only_a_placeholder = "^(…|<.*>|\\.\\.\\.|(?i:change-?me|todo|tbd|xxx+|placeholder))$"
  placeholder        = "…|${local.only_a_placeholder}"

  emails      = { kind = "texts", form = local.address, says = "a mail address", longest = 254 }
  name        = { kind = "text", form = local.one_line, says = "one line that begins and ends with no space" }
  words       = { kind = "text", form = "^$|\\S", says = "a text, and not of spaces alone", prose = true }
  at          = { kind = "text", form = local.url, says = "an address that begins with https:// (or http:// on this machine)" }
  share       = { kind = "number", fraction = true }
  whole       = { kind = "number" }
  count       = { kind = "number", least = 1 }
  by_language = { kind = "named", names = ["en", "es"], form = "\\S", says = "a text for people", longest = 250, prose = true }
  rate        = { kind = "number", fraction = true, least = 1 }

  fields = {
    genesys_urls = {
      api     = local.at
      login   = local.at
      webhook = local.at
    }

    queue = {
      name                = merge(local.name, { form = local.filled, longest = 256 })
      create              = { kind = "flag" }
      wrapup_codes        = merge(local.name, { kind = "texts", form = local.filled, longest = 128 })
      alerting_timeout_s  = { kind = "number", most = 86400 }
      service_level_share = local.share
      service_level_s     = { kind = "number", most = 86400 }
    }

    flow = {
      name = merge(local.name, { longest = 256 })
      own  = { kind = "flag" }
    }

    # Lambda's own bounds; no reserve at all is null, and a reserve of 0 would stop the function
    edge = {
      memory_mb            = { kind = "number", least = 128, most = 10240 }
      timeout_s            = local.whole
      reserved_concurrency = local.count
    }

    workers = {
      memory_mb            = { kind = "number", least = 128, most = 10240 }
      timeout_s            = local.whole
      maximum_concurrency  = local.whole
      at_once              = local.whole
      reserved_concurrency = local.count
    }

    throttling = {
      rate   = local.rate
      burst  = local.count
      routes = { kind = "map" }
    }

    desk_edge = {
      reserved_concurrency = local.count
    }

    domain = {
      name            = { kind = "text", must = true }
      certificate_arn = { kind = "text" }
      zone_id         = { kind = "text", form = local.word, says = "the id of a Route 53 zone" }
      base_path       = { kind = "text" }
      announced       = { kind = "flag" }
      execute_api     = { kind = "flag" }
    }

    waf = {
      acl        = { kind = "text", among = ["none", "own", "given"] }
      arn        = { kind = "text" }
      rate       = local.whole
      media_rate = local.whole
    }

    file_access_log = {
      bucket = { kind = "text", must = true }
      prefix = { kind = "text", form = "^[^\\s]*$", says = "what the names of the log's objects begin with, without spaces" }
    }

    kms_key = {
      create        = { kind = "flag" }
      arn           = { kind = "text" }
      rotation_days = local.whole
      deletion_days = local.whole
    }

    alarm_topic = {
      arn = { kind = "text", must = true }
    }

    vpc = {
      subnet_ids         = { kind = "texts", must = true, form = local.word, says = "the id of a subnet" }
      security_group_ids = { kind = "texts", must = true, form = local.word, says = "the id of a security group" }
    }

    package_s3 = {
      bucket       = { kind = "text", must = true }
      key          = { kind = "text", must = true }
      version      = { kind = "text" }
      hash         = { kind = "text" }
      runtime      = { kind = "text", must = true }
      architecture = { kind = "text" }
    }

    # docs.aws.amazon.com/connect/latest/APIReference/API_StartChatContact.html, API_SendMessage.html
    connect = {
      instance        = { kind = "text", must = true, form = local.word, says = "the instance's id or ARN" }
      flow            = { kind = "text", form = local.word, says = "the id or ARN of an inbound flow" }
      topic           = { kind = "text", form = "^arn:[^:]+:sns:[^:]+:[0-9]{12}:[A-Za-z0-9_-]+$", says = "the ARN of a standard SNS topic, arn:aws:sns:<region>:<account>:<name>" }
      api             = local.at
      participant_api = local.at
      profiles_api    = local.at
      chat_minutes    = { kind = "number", most = 10080 }
      content_types   = { kind = "texts", form = local.word, says = "a content type" }
      text_limit      = { kind = "number", least = 1, most = 16384 }
      more_files      = { kind = "texts", form = "^(image|video|audio|text|application)/[a-z0-9.+-]{1,100}$", says = "a type of files, such as image/gif" }
      file_mb         = { kind = "number", least = 1, most = 25 }
      one_call        = { kind = "flag" }
      persistent      = { kind = "flag" }
      profiles_domain = { kind = "text", form = "^[A-Za-z0-9_-]+$", longest = 64, says = "the name of a domain of Customer Profiles, of letters, figures, - and _" }

      flow_name            = merge(local.name, { form = local.filled, longest = 127 })
      disconnect_flow_name = merge(local.name, { form = local.filled, longest = 127 })
      waiting_flow_name    = merge(local.name, { form = local.filled, longest = 127 })
      queue                = merge(local.name, { form = local.filled, longest = 127 })
      hours                = merge(local.name, { form = local.filled, longest = 127 })
      transcripts          = { kind = "text", form = local.word, says = "the name of a bucket" }
      attachments          = { kind = "text", form = local.word, says = "the name of a bucket" }
    }

    retention = {
      queue_days       = local.whole
      dead_letter_days = local.whole
      parked_days      = local.whole
      profile_days     = local.whole
      certificate_days = local.whole
      backup_days      = local.whole
    }

    alarms = {
      emails           = local.emails
      quiet_hours      = local.whole
      oldest_message_s = local.whole
      rejected         = local.whole
      api_4xx          = local.whole
      refused          = local.whole
      unconfirmed      = local.whole
      sent_again       = local.whole
      media_failed     = local.whole
      latency_s        = { kind = "number", fraction = true }
    }

    closing = {
      steps  = { kind = "list" }
      emails = local.emails
    }
  }

  # one of throttling.routes
  limit = {
    rate  = local.rate
    burst = local.count
  }

  # one of closing.steps
  step = {
    hours    = { kind = "number", must = true, fraction = true }
    priority = { kind = "number", must = true }
  }

  account = {
    channel = { kind = "text", must = true, among = keys(var.channels) }
    # the ledger's keys join ids with #
    id          = { kind = "text", must = true, form = "^[!\"$-~]+$", says = "one word without spaces and #", longest = 128 }
    name        = merge(local.name, { default = "", longest = 100 })
    desk        = { kind = "text", default = "", among = concat([""], keys(var.desks)) }
    login       = { kind = "text", default = "" }
    page        = { kind = "text", default = "", form = "^([1-9][0-9]*)?$", says = "the number of the Facebook Page" }
    human_agent = { kind = "flag", default = false }
    language    = { kind = "text", default = "en", among = ["en", "es"] }
    notices     = { kind = "flag", default = true }
    mark_seen   = { kind = "flag", default = true }
    show_reads  = { kind = "flag", default = false }
    closing     = { kind = "text", default = "warn", among = ["off", "warn", "raise"] }
    after_end   = merge(local.words, { default = "", longest = 1000 })
    reconcile   = { kind = "flag", default = false }
    flow_texts  = { kind = "flag", default = false }
    fold_s      = { kind = "number", default = 0, least = 0, most = 20 }
    flow        = { kind = "text", default = "", form = "^[!-~]*$", says = "the id or ARN of a flow" }

    outage_reply = { kind = "flag", default = false }
    # one message on every channel: Instagram takes 1,000 bytes, and a character has four at most
    outage_text         = merge(local.words, { default = "", longest = 250 })
    former_integrations = { kind = "texts", default = [], form = "^\\S+$", says = "the id of an integration" }

    front = { kind = "map", default = null }
  }

  # an account's front, and each feature of it: as chalicelib/vocabulary/front.py has them. What is absent is off
  front = {
    guards = { kind = "map" }
    crm    = { kind = "map" }
    triage = { kind = "map" }
    bot    = { kind = "map" }
    thanks = { kind = "map" }

    routing = { kind = "map" }
  }
  front_features = {
    guards = {
      loops        = { kind = "text", among = ["off", "mark", "hold", "park"] }
      hold_minutes = { kind = "number", least = 5, most = 1440 }
      rules        = { kind = "flag" }
    }
    crm = {
      url           = merge(local.endpoint, { must = true })
      secret        = merge(local.secret, { must = true })
      cache_minutes = { kind = "number", least = 0, most = 1440 }
    }
    triage = {
      intents    = { kind = "map", must = true }
      model      = local.model
      region     = local.model_region
      mode       = { kind = "text", among = ["tool", "schema", "text"] }
      url        = local.endpoint
      secret     = local.secret
      redact     = { kind = "flag" }
      priorities = { kind = "map" }
    }
    bot = {
      model        = local.model
      region       = local.model_region
      mode         = { kind = "text", among = ["tool", "schema", "text"] }
      url          = local.endpoint
      secret       = local.secret
      instructions = { kind = "text", longest = 4000 }
      knowledge    = { kind = "text", longest = 20000 }
      links        = { kind = "texts", form = "^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z][a-z0-9-]*$", says = "the name of a host, such as shop.example.com" }
      seconds      = { kind = "number", least = 1, most = 15 }
      turns        = { kind = "number", least = 1, most = 50 }
      confidence   = { kind = "number", least = 0, most = 100 }
      upset        = { kind = "flag" }
      hours        = { kind = "map" }
      discloses    = { kind = "flag" }
      again        = { kind = "flag" }
    }
    thanks = {
      stories       = { kind = "flag" }
      comments      = { kind = "flag" }
      story_texts   = local.by_language
      comment_texts = local.by_language
      opens         = { kind = "flag" }
      most_a_day    = { kind = "number", least = 1, most = 1000 }
      quiet         = { kind = "text", form = "^(([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9])?$", says = "hours of the day, like 22:00-08:00" }
      zone          = { kind = "text", form = "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$", says = "a time zone of the IANA database, like Europe/Berlin" }
    }
    routing = {
      app          = merge(local.app, { must = true })
      primary      = { kind = "flag" }
      takes        = { kind = "flag" }
      after_end    = { kind = "text", among = ["keep", "release", "pass"] }
      pass_to      = local.app
      extend_hours = { kind = "number", least = 0, most = 168 }
    }
  }
}
