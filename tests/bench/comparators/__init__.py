"""What ours is compared with: the idiom of FastStream's and SQLModel's own documentation, the nearest library, the bare parts."""
