"""Pictures of the embedded generator of faces, from which the embedded denoiser of faces learned."""
