"""What dreams: parameters, frames, networks, ascent. Knows no camera, no screen, no knob."""
