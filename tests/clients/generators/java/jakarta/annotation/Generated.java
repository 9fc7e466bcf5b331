package jakarta.annotation;

/** Only for the compiler: the generator's jar, which has the other libraries, lacks it. */
public @interface Generated {
  String[] value();

  String date() default "";

  String comments() default "";
}
