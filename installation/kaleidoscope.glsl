// One pixel of the kaleidoscope. The painter puts #version, MIRRORS, SAMPLES and
// PICTURES before this.

uniform sampler2D picture;
noperspective in vec2 place;  // in the figure; gl_FragCoord is slow in software
uniform mat3x2 figure;   // window, y down -> figure
#if MIRRORS > 0
uniform vec2 mirrors[MIRRORS];  // their normals, of length sqrt(2)
#endif
uniform mat3x2 look;     // wedge -> u, v of the picture
uniform vec2 extent;     // the part of the texture that is the picture
#if PICTURES > 1
uniform sampler2D other;
uniform mat3x2 other_look;
uniform vec2 other_extent;
uniform float part;      // of the other
#endif
uniform float light;

out vec4 painted;

#if SAMPLES == 1
const vec2 GRID[1] = vec2[1](vec2(0.0));
#else
const vec2 GRID[4] =
    vec2[4](vec2(0.125, 0.375), vec2(-0.375, 0.125), vec2(-0.125, -0.375), vec2(0.375, -0.125));
#endif

vec2 folded(vec2 point) {
#if MIRRORS > 0
    for (int i = 0; i < MIRRORS; i++)
        point -= max(dot(point, mirrors[i]), 0.0) * mirrors[i];
#endif
    return point;
}

// Not the sampler's mirrored repeat: that is slower in software.
vec2 mirrored(vec2 point) {
    return abs(point - 2.0 * roundEven(0.5 * point));
}

vec3 sampled(sampler2D from, mat3x2 look, vec2 extent, vec2 wedge) {
    return textureLod(from, mirrored(look * vec3(wedge, 1.0)) * extent, 0.0).rgb;
}

vec3 seen(vec2 offset) {
    vec2 wedge = folded(place + figure * vec3(offset, 0.0));
    vec3 colour = sampled(picture, look, extent, wedge);
#if PICTURES > 1
    colour = mix(colour, sampled(other, other_look, other_extent, wedge), part);
#endif
    return colour;
}

void main() {
    vec3 sum = vec3(0.0);
    for (int i = 0; i < SAMPLES; i++)
        sum += seen(GRID[i]);
    painted = vec4(sum * (light / float(SAMPLES)), 1.0);
}
