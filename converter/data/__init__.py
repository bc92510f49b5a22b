"""FER2013 and FER+: reading, augmentation, near duplicates, crops."""
