"""What travels on the queues, what is remembered, what agents and customers say, what a channel or a desk can carry."""
