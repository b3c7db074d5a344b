"""Any exchange of ccxt's, through its unified calls; what sets it apart is in its facts."""
