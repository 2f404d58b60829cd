"""What ours is compared with: the documented idiom, the nearest library, the bare parts."""
