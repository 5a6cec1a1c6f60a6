variable "settings" {
  description = "The inputs that are objects, by their names, as the caller gave them: what each may hold stands in fields.tf."
  type        = any
  nullable    = false
}

variable "accounts" {
  description = "The brand's accounts as the caller gave them, by their keys."
  type        = any
  nullable    = false
}

variable "channels" {
  description = "The channels that an account may have: what its id looks like (a pattern, and what to say of another), and the ways to log in, the default first, with those that need the account's `page`; whether it `routes` conversations to one of several apps."
  type = map(object({
    id     = object({ pattern = string, error = string })
    logins = list(object({ name = string, title = string, page = bool }))
    routes = optional(bool, false)
  }))
  nullable = false
}

variable "desks" {
  description = "The desks that an account may name, and whether anything is said of each."
  type        = map(bool)
  nullable    = false
}
