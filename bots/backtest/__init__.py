"""What a bot would have done. The bots' worker never imports this: numpy and what stands on it cost it memory."""
